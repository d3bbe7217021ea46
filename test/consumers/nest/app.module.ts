import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CacheModule } from '@mobius1/cache';
import { HealthController } from './health.js';
import { Prices, PricesController } from './prices.js';

/** Redis is the one of the environment, as in applications. */
@Module({
  imports: [CacheModule.forRoot(), TerminusModule],
  controllers: [PricesController, HealthController],
  providers: [Prices],
})
export class AppModule {}
