import { Injectable } from '@nestjs/common';
import { Cacheable, CacheKeys, DefaultTTL } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import type { TemplateDto } from './template.dto.js';

const TEMPLATE = { id: true, name: true, body: true, language: true, popular: true, updatedAt: true } as const;

@Injectable()
export class TemplatesService {
  constructor(private readonly prisma: PrismaService) {}

  @Cacheable({ key: (id: string) => CacheKeys.template(id), ttl: DefaultTTL.long })
  async get(id: string): Promise<TemplateDto | null> {
    return this.prisma.template.findUnique({ where: { id }, select: TEMPLATE });
  }

  /** The ones that most documents begin with. */
  async popular(): Promise<TemplateDto[]> {
    return this.prisma.template.findMany({ where: { popular: true }, select: TEMPLATE, orderBy: { name: 'asc' } });
  }
}
