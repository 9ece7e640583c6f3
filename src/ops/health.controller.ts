import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type CheckState, HealthChecks } from './health-checks.js';

class Liveness {
  @ApiProperty({ enum: ['up'] })
  readonly status: 'up';
}

class Readiness {
  @ApiProperty({ enum: ['up', 'degraded', 'down'] })
  readonly status: 'up' | 'degraded' | 'down';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', migrations: 'up', mail: 'up' },
  })
  readonly checks: Record<string, CheckState>;
}

@ApiTags('Operations')
@Controller('health')
export class HealthController {
  constructor(private readonly checks: HealthChecks) {}

  @Get('live')
  @Allow('ANONYMOUS')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ type: Liveness })
  live(): Liveness {
    return { status: 'up' };
  }

  @Get('ready')
  @Allow('ANONYMOUS')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Whether requests can be served',
    description: '`degraded`: requests are served, and something beside them, such as mail, has to wait.',
  })
  @ApiOkResponse({ type: Readiness })
  @ApiServiceUnavailableResponse({ type: Readiness })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const result = await this.checks.run();
    if (result.status === 'down') void reply.code(503).header('retry-after', '1');
    return result;
  }
}
