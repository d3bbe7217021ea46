import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import type { ModelHit } from '@mobius1/cache';
import { Text } from '../http/text.decorator.js';

const ID = /^[\w-]{1,64}$/;
const NO_ID = { message: 'workspaceId must be 1 to 64 letters, digits, hyphens or underscores' };

export class SavingsQueryDto {
  @ApiPropertyOptional({ description: 'Whose savings are shown, too.', example: 'ws-gestoria-sol' })
  @IsOptional()
  @Matches(ID, NO_ID)
  readonly workspaceId?: string;
}

export class QuestionDto {
  @ApiProperty({ example: 'ws-gestoria-sol' })
  @Matches(ID, NO_ID)
  readonly workspaceId!: string;

  @Text({ max: 2_000, example: '¿Qué es el NIE?' })
  readonly question!: string;
}

/** An answer, where it comes from, and how it came. */
export interface Answer {
  readonly answer: string;
  readonly sources: readonly { readonly id: string; readonly title: string }[];
  readonly confidence: number;
  readonly hit: ModelHit;
}

export class AnswerSourceDto {
  @ApiProperty({ example: 'doc-que-es-el-nie' })
  readonly id!: string;

  @ApiProperty({ example: '¿Qué es el NIE?' })
  readonly title!: string;
}

export class AnswerDto implements Answer {
  @ApiProperty({ description: 'Sentences of the documents; empty when none is about the question.' })
  readonly answer!: string;

  @ApiProperty({ type: [AnswerSourceDto] })
  readonly sources!: readonly AnswerSourceDto[];

  @ApiProperty({ description: 'How much of the question was found, 0 to 1.', example: 1 })
  readonly confidence!: number;

  @ApiProperty({ description: 'How the answer came.', enum: ['exact', 'stale', 'coalesced', 'none'] })
  readonly hit!: ModelHit;
}
