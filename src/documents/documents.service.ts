import { Injectable } from '@nestjs/common';
import {
  CacheKeys,
  CacheManagerService,
  DefaultTTL,
  type ListPage,
  ModelCacheService,
  QueryCacheService,
} from '@mobius1/cache';
import { Transactional, TransactionService } from '@mobius1/database';
import { PrismaService } from '../database/prisma.service.js';
import type { Prisma } from '../generated/prisma/client.js';
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

/** The id decides between equals. */
const NEWEST_FIRST: Prisma.DocumentOrderByWithRelationInput[] = [{ updatedAt: 'desc' }, { id: 'asc' }];

/** The pages of a workspace's documents, which become void together. */
const LIST = 'documents';

@Injectable()
export class DocumentsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly cache: CacheManagerService,
    private readonly queries: QueryCacheService,
    private readonly models: ModelCacheService,
    private readonly transactions: TransactionService<Prisma.TransactionClient>,
  ) {}

  /** One page of the documents of a workspace, newest first; empty after the last page. */
  async listByWorkspace(workspaceId: string, page: number, pageSize: number): Promise<Page<DocumentSummaryDto>> {
    const where = { workspaceId };
    const query = async ({ skip, take }: ListPage): Promise<Page<DocumentSummaryDto>> => {
      const [items, total] = await Promise.all([
        this.prisma.document.findMany({ where, select: SUMMARY, orderBy: NEWEST_FIRST, skip, take }),
        this.prisma.document.count({ where }),
      ]);
      return { items, page, pageSize, total, pages: Math.ceil(total / pageSize) };
    };
    return this.queries.cacheList(LIST, page, pageSize, query, { workspaceId, ttl: DefaultTTL.medium });
  }

  async get(id: string): Promise<DocumentDto | null> {
    const query = () => this.prisma.document.findUnique({ where: { id }, select: DOCUMENT });
    return this.queries.cacheQuery(CacheKeys.document(id), query, { ttl: DefaultTTL.medium });
  }

  /** The workspace, the author and the template must exist. Shown in the list at once, or not at all. */
  @Transactional()
  async create(
    workspaceId: string,
    { title, content, language, authorId, templateId }: NewDocumentDto,
  ): Promise<DocumentDto> {
    const { client } = this.transactions;
    const data = { workspaceId, title, content, language, authorId, templateId: templateId ?? null };
    const document = await client.document.create({ data, select: DOCUMENT });
    // A workspace has changed when its documents have.
    await client.workspace.update({ where: { id: workspaceId }, data: { updatedAt: document.updatedAt } });
    // In a transaction, these wait for its commit.
    await this.queries.invalidateList(LIST, { workspaceId });
    await this.models.invalidateWorkspace(workspaceId); // what the assistant said without this document
    await this.cache.invalidate({ keys: [CacheKeys.workspace(workspaceId), 'workspaces'] });
    return document;
  }
}
