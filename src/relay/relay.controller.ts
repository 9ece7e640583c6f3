import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { Allow } from '../access/allow.decorator.js';
import { apiHeaders } from '../http/openapi/api-answers.js';
import { pageAnswer } from '../http/pagination/page-links.js';
import { PageQuery } from '../http/pagination/page.dto.js';
import { Reply } from '../http/request/reply.decorator.js';
import { ApiProblems } from '../problems/api-problems.js';
import { DeadLetters, SinkNotFound } from './dead-letters.js';
import { Relay } from './relay.js';
import {
  DeadLetterItem,
  DeadLetterPage,
  ResendDeadLettersDto,
  ResentItem,
  type SinkItem,
  SinkList,
  type SinkState,
} from './relay.dto.js';
import { isLate, lagOf, readSinkStatuses, type SinkStatus } from './sink-status.js';

const SINK_NAME = '^[A-Za-z0-9_-]{1,64}$';
const ApiSink = (): MethodDecorator =>
  ApiParam({ name: 'sink', schema: { type: 'string', pattern: SINK_NAME }, example: 'kafka' });

/** Parameter: `:sink`; what cannot be the name of a sink is an unknown one. */
const SinkName = (): ParameterDecorator =>
  Param('sink', {
    transform: (value: string): string => {
      if (!new RegExp(SINK_NAME).test(value)) throw new SinkNotFound();
      return value;
    },
  });

/** Where events go: brokers, and webhooks all together. */
@ApiTags('Events')
@Controller('relay')
export class RelayController {
  constructor(
    private readonly relay: Relay,
    private readonly letters: DeadLetters,
    private readonly dataSource: DataSource,
  ) {}

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listSinks',
    summary: 'List the sinks of events, with lag, rate and dead letters',
    description:
      'Every sink that was ever configured, by name. Webhooks are one sink here: events are handed over to their queue.',
  })
  @ApiOkResponse({ type: SinkList })
  async list(): Promise<SinkList> {
    const statuses = await readSinkStatuses(this.dataSource);
    return { items: statuses.map((status) => this.itemOf(status)) };
  }

  @Get(':sink/dead-letters')
  @Allow('ADMIN')
  @ApiSink()
  @ApiOperation({
    operationId: 'listDeadLetters',
    summary: 'List the events that a sink refused for good, by page, the newest first',
    description: 'One that is delivered later is no longer among them.',
  })
  @ApiOkResponse({ type: DeadLetterPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'not-found')
  async page(
    @SinkName() sink: string,
    @Query() query: PageQuery,
    @Reply() reply: FastifyReply,
  ): Promise<DeadLetterPage> {
    const { items, ...around } = await this.letters.page(sink, query);
    return pageAnswer(reply, query.limit, { items: items.map((letter) => DeadLetterItem.from(letter)), ...around });
  }

  @Post(':sink/dead-letters/resend')
  @HttpCode(202)
  @Allow('ADMIN')
  @ApiSink()
  @ApiOperation({
    operationId: 'resendDeadLetters',
    summary: 'Send again from a dead letter on',
    description:
      'Sets the sink back, as `roster relay rewind` does: the dead letter and every event after it are sent again, in order and with the same ids. Consumers leave out what they have seen.',
  })
  @ApiAcceptedResponse({ type: ResentItem })
  @ApiProblems('validation-failed', 'not-found')
  async resend(@SinkName() sink: string, @Body() { position }: ResendDeadLettersDto): Promise<ResentItem> {
    return this.letters.resend(sink, position);
  }

  private itemOf(status: SinkStatus): SinkItem {
    const { sink, position, latest, lagSeconds, eventsPerSecond, published, deadLetters, leader, failure } = status;
    const rounded = (value: number): number => Math.round(value * 10) / 10;
    return {
      sink,
      state: this.stateOf(status),
      position,
      latest,
      lagEvents: lagOf(status),
      lagSeconds: rounded(lagSeconds),
      eventsPerSecond: rounded(eventsPerSecond),
      published,
      deadLetters,
      leader,
      failingSince: status.failingSince?.toISOString() ?? null,
      failure,
    };
  }

  private stateOf(status: SinkStatus): SinkState {
    if (!this.relay.sinkNames.includes(status.sink)) return 'off';
    if (status.failingSince !== null) return 'failing';
    return isLate(status) ? 'late' : 'running';
  }
}
