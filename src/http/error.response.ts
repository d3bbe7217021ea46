import { ApiProperty } from '@nestjs/swagger';

/** The body of every error, for the documentation. */
export class ErrorResponse {
  @ApiProperty({ example: 404 })
  readonly statusCode!: number;

  @ApiProperty({ example: 'Not Found' })
  readonly error!: string;

  @ApiProperty({
    description: 'One sentence, or one per problem.',
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    example: 'There is no workspace "ws-nowhere".',
  })
  readonly message!: string | string[];
}
