import { ApiProperty } from '@nestjs/swagger';
import { Role } from '../generated/prisma/enums.js';

export class UserDto {
  @ApiProperty({ example: 'user-ana' })
  readonly id!: string;

  @ApiProperty({ example: 'Ana Torres' })
  readonly name!: string;

  @ApiProperty({ example: 'ana@gestoriasol.example' })
  readonly email!: string;

  @ApiProperty({ enum: Role, enumName: 'Role' })
  readonly role!: Role;
}
