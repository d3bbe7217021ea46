import { Injectable } from '@nestjs/common';
import { Cacheable, CacheInvalidate, CacheKeys, DefaultTTL } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import { Prisma } from '../generated/prisma/client.js';
import type { WorkspaceChangesDto, WorkspaceDto, WorkspaceSummaryDto } from './workspace.dto.js';

const SUMMARY = { id: true, name: true, slug: true, updatedAt: true } as const;

const WORKSPACE = {
  ...SUMMARY,
  users: { select: { id: true, name: true, email: true, role: true }, orderBy: { name: 'asc' } },
} as const;

@Injectable()
export class WorkspacesService {
  constructor(private readonly prisma: PrismaService) {}

  @Cacheable({ key: 'workspaces', ttl: DefaultTTL.medium })
  async list(): Promise<WorkspaceSummaryDto[]> {
    return this.prisma.workspace.findMany({ select: SUMMARY, orderBy: { name: 'asc' } });
  }

  @Cacheable({ key: (id: string) => CacheKeys.workspace(id), ttl: DefaultTTL.medium })
  async get(id: string): Promise<WorkspaceDto | null> {
    return this.prisma.workspace.findUnique({ where: { id }, select: WORKSPACE });
  }

  /** Returns the changed workspace, or `null` when there is none. */
  @CacheInvalidate({ keys: (id: string) => [CacheKeys.workspace(id), 'workspaces'] })
  async update(id: string, { name, slug }: WorkspaceChangesDto): Promise<WorkspaceDto | null> {
    const data = { ...(name === undefined ? {} : { name }), ...(slug === undefined ? {} : { slug }) };
    try {
      return await this.prisma.workspace.update({ where: { id }, data, select: WORKSPACE });
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2025') return null;
      throw error;
    }
  }
}
