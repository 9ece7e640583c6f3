import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../http/api-problems.js';
import { SignedInResponse } from '../sign-in/signed-in.response.js';
import { LoginDto } from './login.dto.js';
import { LoginService } from './login.service.js';

@ApiTags('Auth')
@Controller('auth')
export class LoginController {
  constructor(private readonly logins: LoginService) {}

  @Post('login')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'login', summary: 'Sign in', description: 'By email address or username.' })
  @ApiBody({
    schema: {
      allOf: [{ $ref: getSchemaPath(LoginDto) }, { anyOf: [{ required: ['identifier'] }, { required: ['email'] }] }],
    },
  })
  @ApiExtraModels(LoginDto)
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems('validation-failed', 'invalid-credentials', 'email-not-verified', 'busy')
  async login(
    @Body() { identifier, email, password }: LoginDto,
    @Context() context: RequestContext,
  ): Promise<SignedInResponse> {
    return this.logins.login(identifier ?? email ?? '', password, context);
  }
}
