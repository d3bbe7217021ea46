import { ApiProperty } from '@nestjs/swagger';
import { Language } from '../generated/prisma/enums.js';

export class TemplateDto {
  @ApiProperty({ example: 'tpl-nie-solicitud' })
  readonly id!: string;

  @ApiProperty({ example: 'Solicitud de NIE (EX-15)' })
  readonly name!: string;

  @ApiProperty({ description: 'Text with {{gaps}} to fill in.', example: 'D./D.ª {{nombre}} solicita …' })
  readonly body!: string;

  @ApiProperty({ enum: Language, enumName: 'Language' })
  readonly language!: Language;

  @ApiProperty()
  readonly popular!: boolean;

  @ApiProperty()
  readonly updatedAt!: Date;
}
