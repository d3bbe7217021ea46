import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { DatabaseOptions } from '../core/options.js';
import { DatabaseService } from './database.service.js';
import { DatabaseHealthIndicator } from './health.js';
import { DATABASE_OPTIONS } from './tokens.js';

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface DatabaseOptionsFactory {
  createDatabaseOptions(): DatabaseOptions | Promise<DatabaseOptions>;
}

const configurable = new ConfigurableModuleBuilder<DatabaseOptions>({
  optionsInjectionToken: DATABASE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createDatabaseOptions')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/**
 * The PostgreSQL of an application.
 *
 * @example
 * @Module({ imports: [DatabaseModule.forRoot({ url: 'postgresql://localhost/mobius' })] })
 * export class AppModule {}
 */
@Module({
  imports: [TerminusModule],
  providers: [DatabaseService, DatabaseHealthIndicator],
  exports: [DatabaseService, DatabaseHealthIndicator],
})
export class DatabaseModule extends configurable.ConfigurableModuleClass {
  /**
   * Registers {@link DatabaseService}, by default for all modules.
   *
   * @throws InvalidOptionsError at boot, listing every wrong option
   */
  static override forRoot(options: typeof configurable.OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options);
  }

  /** The same with options that are made by a factory (`useFactory`, `useClass`, `useExisting`). */
  static override forRootAsync(options: typeof configurable.ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }
}
