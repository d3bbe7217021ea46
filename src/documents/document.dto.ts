import { ApiProperty } from '@nestjs/swagger';
import { IsIn, Matches, ValidateIf } from 'class-validator';
import { Language } from '../generated/prisma/enums.js';
import type { Page } from '../http/page.js';
import { Text } from '../http/text.decorator.js';

const ID = /^[\w-]{1,64}$/;

export class DocumentSummaryDto {
  @ApiProperty({ example: 'doc-que-es-el-nie' })
  readonly id!: string;

  @ApiProperty({ example: '¿Qué es el NIE?' })
  readonly title!: string;

  @ApiProperty({ enum: Language, enumName: 'Language' })
  readonly language!: Language;

  @ApiProperty({ example: 'ws-gestoria-sol' })
  readonly workspaceId!: string;

  @ApiProperty({ example: 'user-ana' })
  readonly authorId!: string;

  @ApiProperty({ type: String, nullable: true, example: 'tpl-nie-solicitud' })
  readonly templateId!: string | null;

  @ApiProperty()
  readonly createdAt!: Date;

  @ApiProperty()
  readonly updatedAt!: Date;
}

export class DocumentDto extends DocumentSummaryDto {
  @ApiProperty({ example: 'El NIE es el Número de Identidad de Extranjero: …' })
  readonly content!: string;
}

export class DocumentPageDto implements Page<DocumentSummaryDto> {
  @ApiProperty({ type: [DocumentSummaryDto], description: 'Newest first.' })
  readonly items!: DocumentSummaryDto[];

  @ApiProperty({ example: 1 })
  readonly page!: number;

  @ApiProperty({ example: 20 })
  readonly pageSize!: number;

  @ApiProperty({ description: 'Documents on all pages.', example: 14 })
  readonly total!: number;

  @ApiProperty({ description: 'How many pages there are: 0 without documents.', example: 1 })
  readonly pages!: number;
}

/** A document that does not exist yet. */
export class NewDocumentDto {
  @Text({ max: 200, example: 'Cita para la TIE de la familia Rossi' })
  readonly title!: string;

  @Text({ max: 50_000, example: 'La cita es el martes a las 9:30. Faltan las fotografías.' })
  readonly content!: string;

  @ApiProperty({ description: 'A user of the workspace.', example: 'user-ana' })
  @Matches(ID, { message: 'authorId must be the id of a user' })
  readonly authorId!: string;

  @ApiProperty({ required: false, description: 'The template it began with.', example: 'tpl-tie-toma-huellas' })
  @Matches(ID, { message: 'templateId must be the id of a template' })
  @ValidateIf((_, value) => value !== undefined)
  readonly templateId?: string;

  @ApiProperty({ enum: Language, enumName: 'Language', required: false, default: Language.ES })
  @IsIn(Object.values(Language), { message: 'language must be ES or EN' })
  readonly language: Language = Language.ES;
}
