import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

/** The `:id` of a route. */
export class IdParam {
  @ApiProperty({ example: 'ws-gestoria-sol' })
  @Matches(/^[\w-]{1,64}$/, { message: 'id must be 1 to 64 letters, digits, hyphens or underscores' })
  readonly id!: string;
}
