import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type CheckState, type Health, HealthChecks } from './health-checks.js';
import { apiHeaders } from '../http/openapi/api-answers.js';

class Liveness {
  @ApiProperty({ enum: ['up'] })
  readonly status: 'up';
}

class Readiness implements Health {
  @ApiProperty({ enum: ['up', 'degraded', 'down'] })
  readonly status: 'up' | 'degraded' | 'down';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', migrations: 'up', events: 'up', mail: 'up' },
  })
  readonly checks: Record<string, CheckState>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description:
      '`eventsWaiting`: events without a position in the feed yet, counted to 10,000. For each sink of events that is set up, ' +
      'such as `kafka`: `kafkaLagEvents` and `kafkaLagSeconds` (what waits for it, and for how long), ' +
      '`kafkaEventsPerSecond`, `kafkaDeadLetters`. `webhooksWaiting`: messages to webhooks that are switched on, counted to 10,000',
    example: {
      eventsWaiting: 0,
      kafkaLagEvents: 0,
      kafkaLagSeconds: 0,
      kafkaEventsPerSecond: 12.5,
      kafkaDeadLetters: 0,
    },
  })
  readonly figures: Record<string, number>;
}

@ApiTags('Operations')
@Controller('health')
export class HealthController {
  constructor(private readonly checks: HealthChecks) {}

  @Get('live')
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Whether the process answers',
    description:
      'Looks at nothing else: a supervisor that restarts what does not answer asks here, and a load balancer asks `/health/ready`.',
  })
  @ApiOkResponse({ type: Liveness })
  live(): Liveness {
    return { status: 'up' };
  }

  @Get('ready')
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Whether requests can be served',
    description: '`degraded`: requests are served, and something beside them, such as mail, has to wait.',
  })
  @ApiOkResponse({ type: Readiness })
  @ApiServiceUnavailableResponse({
    type: Readiness,
    description: 'requests cannot be served',
    headers: apiHeaders('Retry-After'),
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const result = await this.checks.check();
    if (result.status === 'down') void reply.code(503).header('retry-after', '1');
    return result;
  }
}
