import { Injectable } from '@nestjs/common';
import { Cacheable, CacheInvalidate, CacheKeys, DefaultTTL } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import type { Page } from '../http/page.js';
import type { DocumentDto, DocumentSummaryDto, NewDocumentDto } from './document.dto.js';

const SUMMARY = {
  id: true,
  title: true,
  language: true,
  workspaceId: true,
  authorId: true,
  templateId: true,
  createdAt: true,
  updatedAt: true,
} as const;

const DOCUMENT = { ...SUMMARY, content: true } as const;

/** On every page of a workspace's list, so that one step makes all of them void. */
const listTag = (workspaceId: string): string => `documents:${workspaceId}`;

@Injectable()
export class DocumentsService {
  constructor(private readonly prisma: PrismaService) {}

  /** One page of the documents of a workspace, newest first; empty after the last page. */
  @Cacheable({ tags: (workspaceId: string) => [listTag(workspaceId)], ttl: DefaultTTL.medium })
  async listByWorkspace(workspaceId: string, page: number, pageSize: number): Promise<Page<DocumentSummaryDto>> {
    const where = { workspaceId };
    const [items, total] = await Promise.all([
      this.prisma.document.findMany({
        where,
        select: SUMMARY,
        orderBy: [{ updatedAt: 'desc' }, { id: 'asc' }],
        skip: (page - 1) * pageSize,
        take: pageSize,
      }),
      this.prisma.document.count({ where }),
    ]);
    return { items, page, pageSize, total, pages: Math.ceil(total / pageSize) };
  }

  @Cacheable({ key: (id: string) => CacheKeys.document(id), ttl: DefaultTTL.medium })
  async get(id: string): Promise<DocumentDto | null> {
    return this.prisma.document.findUnique({ where: { id }, select: DOCUMENT });
  }

  /** The workspace, the author and the template must exist. */
  @CacheInvalidate({ tags: (workspaceId: string) => [listTag(workspaceId)] })
  async create(
    workspaceId: string,
    { title, content, language, authorId, templateId }: NewDocumentDto,
  ): Promise<DocumentDto> {
    const data = { workspaceId, title, content, language, authorId, templateId: templateId ?? null };
    return this.prisma.document.create({ data, select: DOCUMENT });
  }
}
