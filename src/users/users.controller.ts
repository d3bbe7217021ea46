import { Controller, Get, Param } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNotFoundResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { IdParam } from '../http/id.param.js';
import { UserDto } from './user.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@ApiBadRequestResponse({ type: ErrorResponse })
@ApiNotFoundResponse({ type: ErrorResponse })
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':id')
  @ApiOkResponse({ type: UserDto })
  async get(@Param() { id }: IdParam): Promise<UserDto> {
    return found(await this.users.get(id), 'user', id);
  }
}
