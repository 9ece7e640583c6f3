import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { TokensResponse } from './signed-in.response.js';
import { RefreshDto } from './refresh.dto.js';
import { RefreshService } from './refresh.service.js';

@ApiTags('Auth')
@Controller('auth')
export class RefreshController {
  constructor(private readonly refreshes: RefreshService) {}

  @Post('refresh')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @ApiOperation({
    operationId: 'refresh',
    summary: 'Refresh the tokens of a session',
    description: `Each refresh token can be used once and returns its successor. A just-rotated token returns the same
successor again for REFRESH_REUSE_GRACE; reuse of an older one ends the session, since it may have been stolen.`,
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblems('validation-failed', 'invalid-refresh-token')
  async refresh(@Body() { refreshToken }: RefreshDto, @Context() context: RequestContext): Promise<TokensResponse> {
    return this.refreshes.refresh(refreshToken, context);
  }
}
