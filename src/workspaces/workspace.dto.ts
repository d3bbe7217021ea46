import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';
import { Text } from '../http/text.decorator.js';
import { UserDto } from '../users/user.dto.js';

export class WorkspaceSummaryDto {
  @ApiProperty({ example: 'ws-gestoria-sol' })
  readonly id!: string;

  @ApiProperty({ example: 'Gestoría Sol' })
  readonly name!: string;

  @ApiProperty({ example: 'gestoria-sol' })
  readonly slug!: string;

  @ApiProperty()
  readonly updatedAt!: Date;
}

export class WorkspaceDto extends WorkspaceSummaryDto {
  @ApiProperty({ type: [UserDto] })
  readonly users!: UserDto[];
}

/** What may be changed; what is left out stays. */
export class WorkspaceChangesDto {
  @Text({ max: 120, example: 'Gestoría Sol y Luna', optional: true })
  readonly name?: string;

  @ApiProperty({ required: false, minLength: 2, maxLength: 60, example: 'sol-y-luna' })
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'slug must be lower-case letters and digits, joined by hyphens' })
  @Length(2, 60)
  @IsString()
  @ValidateIf((_, value) => value !== undefined)
  readonly slug?: string;
}
