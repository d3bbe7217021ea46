import { BadRequestException, Body, Controller, Get, Param, Patch } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { IdParam } from '../http/id.param.js';
import { LimitedByUser } from '../limits/limited.decorator.js';
import { WRITES } from '../limits/limits.js';
import { WorkspaceChangesDto, WorkspaceDto, WorkspaceSummaryDto } from './workspace.dto.js';
import { WorkspacesService } from './workspaces.service.js';

@ApiTags('workspaces')
@Controller('workspaces')
export class WorkspacesController {
  constructor(private readonly workspaces: WorkspacesService) {}

  @Get()
  @ApiOkResponse({ type: [WorkspaceSummaryDto] })
  async list(): Promise<WorkspaceSummaryDto[]> {
    return this.workspaces.list();
  }

  @Get(':id')
  @ApiOkResponse({ type: WorkspaceDto })
  @ApiBadRequestResponse({ type: ErrorResponse })
  @ApiNotFoundResponse({ type: ErrorResponse })
  async get(@Param() { id }: IdParam): Promise<WorkspaceDto> {
    return found(await this.workspaces.get(id), 'workspace', id);
  }

  @LimitedByUser(WRITES)
  @Patch(':id')
  @ApiOkResponse({ type: WorkspaceDto })
  @ApiBadRequestResponse({ type: ErrorResponse })
  @ApiNotFoundResponse({ type: ErrorResponse })
  @ApiConflictResponse({ type: ErrorResponse, description: 'Another workspace has this slug.' })
  async update(@Param() { id }: IdParam, @Body() changes: WorkspaceChangesDto): Promise<WorkspaceDto> {
    if (changes.name === undefined && changes.slug === undefined) {
      throw new BadRequestException('Nothing to change: send a name, a slug or both.');
    }
    return found(await this.workspaces.update(id, changes), 'workspace', id);
  }
}
