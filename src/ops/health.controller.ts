import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type CheckState, type Health, HealthChecks } from './health-checks.js';
import { apiHeaders } from '../http/openapi/api-answers.js';
import { Reply } from '../http/request/reply.decorator.js';

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
      '`eventsWaiting`: events not yet in the feed, counted up to 10,000. For each configured sink, ' +
      'such as `kafka`: `kafkaLagEvents` and `kafkaLagSeconds` (events waiting for it, and since when), ' +
      '`kafkaEventsPerSecond`, `kafkaDeadLetters`. `webhooksWaiting`: messages to enabled webhooks, counted up to 10,000',
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
    summary: 'Liveness probe',
    description:
      'Checks that the process responds and nothing else: for a supervisor that restarts it. A load balancer should use `/health/ready`.',
  })
  @ApiOkResponse({ type: Liveness })
  live(): Liveness {
    return { status: 'up' };
  }

  @Get('ready')
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Readiness probe',
    description: '`degraded`: requests are served, but background work such as mail is delayed.',
  })
  @ApiOkResponse({ type: Readiness })
  @ApiServiceUnavailableResponse({
    type: Readiness,
    description: 'not ready to serve requests',
    headers: apiHeaders('Retry-After'),
  })
  async ready(@Reply() reply: FastifyReply): Promise<Readiness> {
    const result = await this.checks.check();
    if (result.status === 'down') void reply.code(503).header('retry-after', '1');
    return result;
  }
}
