import { Injectable } from '@nestjs/common';
import { Cacheable, CacheKeys, DefaultTTL } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import type { UserDto } from './user.dto.js';

@Injectable()
export class UsersService {
  constructor(private readonly prisma: PrismaService) {}

  @Cacheable({ key: (id: string) => CacheKeys.user(id), ttl: DefaultTTL.medium })
  async get(id: string): Promise<UserDto | null> {
    return this.prisma.user.findUnique({ where: { id }, select: { id: true, name: true, email: true, role: true } });
  }
}
