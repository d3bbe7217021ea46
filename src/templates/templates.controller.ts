import { Controller, Get, Param } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNotFoundResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { IdParam } from '../http/id.param.js';
import { TemplateDto } from './template.dto.js';
import { TemplatesService } from './templates.service.js';

@ApiTags('templates')
@ApiBadRequestResponse({ type: ErrorResponse })
@ApiNotFoundResponse({ type: ErrorResponse })
@Controller('templates')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Get(':id')
  @ApiOkResponse({ type: TemplateDto })
  async get(@Param() { id }: IdParam): Promise<TemplateDto> {
    return found(await this.templates.get(id), 'template', id);
  }
}
