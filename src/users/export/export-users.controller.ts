import { Readable } from 'node:stream';
import { Body, Controller, HttpCode, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Clock } from '../../config/clock.js';
import { Transactions } from '../../database/transaction.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { rankOf } from '../api/user-actions.js';
import { UserResponse } from '../api/user.response.js';
import { UserStore } from '../store/user-store.js';
import { csvLine } from './csv.js';
import { type ExportFormat, ExportUsersDto } from './export-users.dto.js';

const DESCRIPTION = `The profiles, roles and statuses of chosen users, in the order of \`ids\`, one a line. Ids of nobody, and of users who were
erased, are left out. CSV is UTF-8 with a line of names; a text that a spreadsheet would take for a formula, such as a phone number with its
\`+\`, begins with an apostrophe. That it was done is recorded for each user.`;

const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
};

const FIELDS = [
  'id',
  'email',
  'emailVerified',
  'username',
  'firstName',
  'lastName',
  'nickname',
  'bio',
  'pictureUrl',
  'locale',
  'phone',
  'githubUrl',
  'linkedinUrl',
  'isProfessional',
  'professionalStatusChangedAt',
  'role',
  'status',
  'lockedUntil',
  'lastLoginAt',
  'createdAt',
  'updatedAt',
  'version',
] as const satisfies readonly (keyof UserResponse)[];

const EXAMPLE = { id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', email: 'ada@example.com' };

@ApiTags('Users')
@Controller('users/export')
export class ExportUsersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiOperation({ operationId: 'exportUsers', summary: 'Export chosen users', description: DESCRIPTION })
  @ApiOkResponse({
    content: {
      'text/csv': { schema: { type: 'string', example: 'id,email\r\n"019aa53c-1f7e-7c2f","ada@example.com"\r\n' } },
      'application/x-ndjson': { schema: { type: 'string', example: `${JSON.stringify(EXAMPLE)}\n` } },
    },
  })
  @ApiProblems('validation-failed')
  async export(
    @Body() { ids, format }: ExportUsersDto,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
  ): Promise<StreamableFile> {
    const viewer = rankOf(caller);
    // At one moment, before the answer begins: what fails is a problem, and no file that ends in the middle.
    const found = await this.transactions.run((tx) => this.users.findAll(tx, ids));
    const byId = new Map(found.map((user) => [user.id, user]));
    const chosen = ids.flatMap((id) => byId.get(id.toLowerCase()) ?? []);
    const shown = chosen.filter((user) => user.erasedAt === null && allows(viewer, 'export', user));
    request.concerned = shown.map(({ id }) => id);
    const now = this.clock.now();
    const rows = shown.map((user) => UserResponse.from(user, now, viewer));
    return new StreamableFile(Readable.from(linesOf(rows, format)), {
      type: TYPES[format],
      disposition: `attachment; filename="users.${format}"`,
    });
  }
}

function* linesOf(rows: Iterable<UserResponse>, format: ExportFormat): Generator<string> {
  if (format === 'csv') yield `${FIELDS.join(',')}\r\n`;
  for (const row of rows) {
    const values = FIELDS.map((field) => row[field]);
    yield format === 'csv'
      ? csvLine(values)
      : `${JSON.stringify(Object.fromEntries(FIELDS.map((field, place) => [field, values[place]])))}\n`;
  }
}
