import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { Message } from '../../http/openapi/message.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { RegisterDto } from './register.dto.js';
import { RegistrationService } from './registration.service.js';

@ApiTags('Auth')
@Controller('auth')
export class RegistrationController {
  constructor(private readonly registration: RegistrationService) {}

  @Post('register')
  @HttpCode(202)
  @Allow('ANONYMOUS')
  @Limit('registration')
  @ApiOperation({
    operationId: 'register',
    summary: 'Register',
    description:
      'The response is the same whether or not the address is already registered; a mail tells its owner how to proceed.',
  })
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems('validation-failed', 'weak-password', 'username-taken', 'refused-by-handler', 'busy')
  async register(@Body() input: RegisterDto, @Context() context: RequestContext): Promise<Message> {
    await this.registration.register(input, context);
    return { message: 'Check your inbox: a message with the next steps is on its way.' };
  }
}
