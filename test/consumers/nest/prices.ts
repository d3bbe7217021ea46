import { Body, Controller, Get, Injectable, Param, Post } from '@nestjs/common';
import { Cacheable, CacheInvalidate } from '@mobius1/cache';

export interface Price {
  readonly sku: string;
  readonly cents: number;
  readonly since: Date;
}

/** What the prices of all applications of this process are made from: the "database". */
const cents = new Map<string, number>();

@Injectable()
export class Prices {
  /** How many prices this application has loaded. */
  loads = 0;

  @Cacheable({ key: (sku: string) => `price:${sku}`, ttl: '1m', tags: ['prices'] })
  async price(sku: string): Promise<Price> {
    this.loads++;
    return { sku, cents: cents.get(sku) ?? 100, since: new Date(0) };
  }

  @CacheInvalidate({ tags: ['prices'] })
  async change(sku: string, to: number): Promise<void> {
    cents.set(sku, to);
  }
}

@Controller('prices')
export class PricesController {
  constructor(private readonly prices: Prices) {}

  @Get(':sku')
  price(@Param('sku') sku: string): Promise<Price> {
    return this.prices.price(sku);
  }

  @Post(':sku')
  async change(@Param('sku') sku: string, @Body() { cents }: { cents: number }): Promise<void> {
    await this.prices.change(sku, cents);
  }
}
