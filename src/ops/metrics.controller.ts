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
    summary: 'Figures for Prometheus',
    description: `Text format 0.0.4. Prometheus sends the value of METRICS_TOKEN as its bearer token (\`authorization\` in a
scrape configuration); outside production, and without that setting, it needs none. What is read from the database, such as
\`roster_relay_lag_events\`, is the same on every server: take its maximum and not its sum.`,
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
