import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, OrServiceToken } from '../access/allow.decorator.js';
import { Metrics } from './metrics.js';

@ApiTags('Operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Allow('ADMIN')
  @OrServiceToken('METRICS_TOKEN', { freeInDevelopment: true })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus',
    description: `Text format 0.0.4. Prometheus sends the value of METRICS_TOKEN as its bearer token (\`authorization\` in a
scrape configuration); outside production, no token is required while that setting is unset. Values read from the database,
such as \`roster_relay_lag_events\`, are the same on every instance: aggregate them with max, not sum.`,
  })
  @ApiOkResponse({
    content: {
      'text/plain': {
        schema: {
          type: 'string',
          example:
            '# HELP roster_check_up Whether a part works, as in /health/ready.\\n# TYPE roster_check_up gauge\\nroster_check_up{check="database"} 1\\n',
        },
      },
    },
  })
  async read(): Promise<string> {
    return this.metrics.text();
  }
}
