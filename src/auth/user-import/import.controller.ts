import { Readable } from 'node:stream';
import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Req, StreamableFile } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Transactions } from '../../database/transaction.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { UnsupportedBody } from '../../http/request/body.js';
import { StreamedBody } from '../../http/request/declared-input.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DomainError } from '../../problems/domain-error.js';
import { ImportJob } from './import-job.js';
import { ImportUsersQuery, type UserImport, UserImportResponse } from './import.dto.js';
import { MOST_WAITING, UserImports } from './user-imports.js';

const LARGEST_BYTES = 1024 ** 3;
const PART_BYTES = 256 * 1024;

const DESCRIPTION = `The body is a file of at most 1 GiB, as a stream: CSV with a line of names, or NDJSON, in UTF-8, with the API's names and
\`externalId\`, \`passwordHash\` and \`totpSecret\`; docs/import.md says what each may hold. The answer comes when the file has arrived; \`Location\` leads to the
progress. What is wrong with a line is in the report, and the rest goes in. Who was imported before, by \`externalId\` or else by address, is
left as is. An import goes on when a server is restarted, with your rights of the moment: it stops when your session ends.`;

const EXAMPLE = { externalId: '1001', email: 'ada@example.com', firstName: 'Ada' };

class FileTooLarge extends DomainError {
  readonly code = 'body-too-large';
  constructor() {
    super('A file has at most 1 GiB. Split it, or use the command `roster import`.');
  }
}

class TooManyImports extends DomainError {
  readonly code = 'too-many-imports';
  constructor() {
    super(
      `${MOST_WAITING} imports are waiting. Try again when one of them has begun, or use the command \`roster import\`.`,
    );
  }
}

class ImportNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Import not found. Imports are kept for seven days.');
  }
}

const IMPORT_ID = new ParseUUIDPipe({ exceptionFactory: () => new ImportNotFound() });
const ID = { name: 'importId', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' } as const;

/** Imports of users from a file. */
@ApiTags('Users')
@Controller()
export class ImportController {
  constructor(
    private readonly transactions: Transactions,
    private readonly imports: UserImports,
    private readonly job: ImportJob,
  ) {}

  @Post('users/import')
  @HttpCode(202)
  @Allow('ADMIN')
  @RequireStepUp()
  @StreamedBody()
  @ApiOperation({ operationId: 'importUsers', summary: 'Import users from a file', description: DESCRIPTION })
  @ApiConsumes('text/csv', 'application/x-ndjson')
  @ApiBody({ schema: { type: 'string', example: `${JSON.stringify(EXAMPLE)}\n` } })
  @ApiAcceptedResponse({ type: UserImportResponse, headers: apiHeaders('Location') })
  @ApiProblems('validation-failed', 'step-up-required', 'too-many-imports')
  async import(
    @Query() { dryRun = false, invite = false }: ImportUsersQuery,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<UserImportResponse> {
    const { headers, body } = request;
    const format = formatOf(headers, body);
    const id = await this.imports.begin(caller, request.id, { format, dryRun, invite });
    if (id === undefined) throw new TooManyImports();
    try {
      await this.receive(id, body as Readable);
    } catch (error) {
      await this.imports.forget(id);
      throw error;
    }
    await this.transactions.run((tx) => this.job.enqueue(tx, id));
    void reply.header('location', `/user-imports/${id}`);
    return UserImportResponse.from(await this.found(id));
  }

  @Get('user-imports/:importId')
  @Allow('ADMIN')
  @ApiParam(ID)
  @ApiOperation({
    operationId: 'getUserImport',
    summary: 'Progress of an import',
    description: 'How far it is, and how many went in. Kept for seven days.',
  })
  @ApiOkResponse({ type: UserImportResponse })
  @ApiProblems('not-found')
  async read(@Param('importId', IMPORT_ID) importId: string): Promise<UserImportResponse> {
    return UserImportResponse.from(await this.found(importId));
  }

  @Get('user-imports/:importId/report')
  @Allow('ADMIN')
  @ApiParam(ID)
  @ApiOperation({
    operationId: 'getUserImportReport',
    summary: 'What was wrong with lines of an import',
    description:
      'Up to 100,000 lines, in the order in which they were found. `left-out`: the user went in, but not all of it.',
  })
  @ApiOkResponse({
    content: {
      'application/x-ndjson': {
        schema: {
          type: 'string',
          example: `${JSON.stringify({ line: 2, externalId: '1001', code: 'email-taken', message: 'The address …' })}\n`,
        },
      },
    },
  })
  @ApiProblems('not-found')
  async report(@Param('importId', IMPORT_ID) importId: string): Promise<StreamableFile> {
    await this.found(importId);
    const report = this.imports.report(importId);
    async function* lines(): AsyncGenerator<string> {
      for await (const line of report) yield `${JSON.stringify(line)}\n`;
    }
    return new StreamableFile(Readable.from(lines()), { type: 'application/x-ndjson' });
  }

  private async receive(id: string, body: Readable): Promise<void> {
    let [part, size, bytes, position]: [Buffer[], number, number, number] = [[], 0, 0, 0];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LARGEST_BYTES) throw new FileTooLarge();
      part.push(chunk);
      size += chunk.length;
      if (size < PART_BYTES) continue;
      await this.imports.keepPart(id, position++, Buffer.concat(part));
      [part, size] = [[], 0];
    }
    if (size > 0) await this.imports.keepPart(id, position, Buffer.concat(part));
  }

  private async found(id: string): Promise<UserImport> {
    const found = await this.transactions.run((tx) => this.imports.find(tx, id));
    if (!found) throw new ImportNotFound();
    return found;
  }
}

/** @throws UnsupportedBody */
function formatOf(headers: FastifyRequest['headers'], body: unknown): 'csv' | 'ndjson' {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const isStream = typeof (body as Partial<Readable> | null | undefined)?.pipe === 'function';
  if (isStream && type === 'text/csv') return 'csv';
  if (isStream && type === 'application/x-ndjson') return 'ndjson';
  throw new UnsupportedBody('Send text/csv or application/x-ndjson.');
}
