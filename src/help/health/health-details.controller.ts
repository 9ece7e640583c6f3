import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { readerLanguage } from '../../rendering/reader-language.js';
import { ApiReaderLanguage } from '../api-reader-language.js';
import { HealthDetails } from './health-details.dto.js';
import { HealthDetailsService } from './health-details.service.js';

@ApiTags('Operations')
@Controller('health')
export class HealthDetailsController {
  constructor(private readonly details: HealthDetailsService) {}

  @Get('details')
  @Allow('ADMIN')
  @ApiReaderLanguage()
  @ApiOperation({
    operationId: 'getHealthDetails',
    summary: 'The health of the installation in words',
    description:
      'Checks with what to do, queues, versions, the last verification of the log, providers of sign-ins, and the settings in effect without their secrets. ' +
      'For people; programs read `/health/ready` and `/metrics`.',
  })
  @ApiOkResponse({ type: HealthDetails })
  async read(@Req() { headers }: FastifyRequest, @Reply() reply: FastifyReply): Promise<HealthDetails> {
    const { locale } = readerLanguage(headers['accept-language'], ['en', 'de'] as const);
    void reply.header('content-language', locale).header('vary', 'Accept-Language');
    return this.details.read(locale);
  }
}
