import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';

interface TextOptions {
  readonly max: number;
  readonly example: string;
  /** May be left out; `null` is still refused. @default false */
  readonly optional?: boolean;
}

/** A text of a request body: surrounding blanks are removed, and what PostgreSQL cannot store is refused. */
export function Text({ max, example, optional = false }: TextOptions): PropertyDecorator {
  const decorators = [
    ApiProperty({ type: String, minLength: 1, maxLength: max, example, required: !optional }),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    IsString(),
    Length(1, max),
    Matches(/^[^\0]*$/, { message: '$property must not contain the character U+0000' }),
  ];
  if (optional) decorators.push(ValidateIf((_, value) => value !== undefined));
  return applyDecorators(...decorators);
}
