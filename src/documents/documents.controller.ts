import { BadRequestException, Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { IdParam } from '../http/id.param.js';
import { type Page, PageQuery } from '../http/page.js';
import { LimitedByUser } from '../limits/limited.decorator.js';
import { WRITES } from '../limits/limits.js';
import { TemplatesService } from '../templates/templates.service.js';
import { WorkspacesService } from '../workspaces/workspaces.service.js';
import { DocumentDto, DocumentPageDto, type DocumentSummaryDto, NewDocumentDto } from './document.dto.js';
import { DocumentsService } from './documents.service.js';

@ApiTags('documents')
@ApiBadRequestResponse({ type: ErrorResponse })
@ApiNotFoundResponse({ type: ErrorResponse })
@Controller()
export class DocumentsController {
  constructor(
    private readonly documents: DocumentsService,
    private readonly workspaces: WorkspacesService,
    private readonly templates: TemplatesService,
  ) {}

  @Get('workspaces/:id/documents')
  @ApiOkResponse({ type: DocumentPageDto })
  async list(@Param() { id }: IdParam, @Query() { page, pageSize }: PageQuery): Promise<Page<DocumentSummaryDto>> {
    found(await this.workspaces.get(id), 'workspace', id);
    return this.documents.listByWorkspace(id, page, pageSize);
  }

  @LimitedByUser(WRITES)
  @Post('workspaces/:id/documents')
  @ApiCreatedResponse({ type: DocumentDto })
  async create(@Param() { id }: IdParam, @Body() document: NewDocumentDto): Promise<DocumentDto> {
    const workspace = found(await this.workspaces.get(id), 'workspace', id);
    const { authorId, templateId } = document;
    if (!workspace.users.some((user) => user.id === authorId)) {
      throw new BadRequestException([`authorId: "${authorId}" is not a user of workspace "${id}".`]);
    }
    if (templateId !== undefined && (await this.templates.get(templateId)) === null) {
      throw new BadRequestException([`templateId: there is no template "${templateId}".`]);
    }
    return this.documents.create(id, document);
  }

  @Get('documents/:id')
  @ApiOkResponse({ type: DocumentDto })
  async get(@Param() { id }: IdParam): Promise<DocumentDto> {
    return found(await this.documents.get(id), 'document', id);
  }
}
