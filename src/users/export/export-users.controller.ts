import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { LiveSessions } from '../../access/live-sessions.js';
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
import { UserPages } from './user-pages.js';

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

const ALL = `Everybody but pending registrations and those who are deleted or erased, one a line, in the order of ids, as \`text/csv\` or
\`application/x-ndjson\`, as \`Accept\` says; NDJSON without one. It is written while it is read, so it is not of one moment. It breaks off when your session ends, or a minute after you stopped reading. The file can be imported:
\`POST /users/import\`. It has no passwords; the command \`roster export --with-hashes\` gives them. That it was done is recorded.`;

/** Without a page being read. */
const STALLED_MS = 60_000;

const FILES = {
  'text/csv': { schema: { type: 'string', example: 'id,email\r\n"019aa53c-1f7e-7c2f","ada@example.com"\r\n' } },
  'application/x-ndjson': { schema: { type: 'string', example: `${JSON.stringify(EXAMPLE)}\n` } },
} as const;

@ApiTags('Users')
@Controller('users/export')
export class ExportUsersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly clock: Clock,
    private readonly pages: UserPages,
    private readonly sessions: LiveSessions,
  ) {}

  @Get()
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiOperation({ operationId: 'exportAllUsers', summary: 'Export all users', description: ALL })
  @ApiOkResponse({ content: FILES })
  exportAll(@CurrentCaller() caller: Caller, @Req() { headers }: FastifyRequest): StreamableFile {
    const viewer = rankOf(caller);
    const format = formatFor(headers.accept);
    const now = (): Date => this.clock.now();
    const pages = this.pages.all();
    const isStillAdmin = () => this.isStillAdmin(caller);
    async function* lines(): AsyncGenerator<string> {
      const stalled = setTimeout(() => file.destroy(new Error('The export was not read any more')), STALLED_MS).unref();
      try {
        if (format === 'csv') yield header();
        for await (const page of pages) {
          if (!(await isStillAdmin())) throw new Error('The session that asked for the export has ended');
          stalled.refresh();
          yield page.map((user) => lineOf(UserResponse.from(user, now(), viewer), format)).join('');
        }
      } finally {
        clearTimeout(stalled);
      }
    }
    const file = Readable.from(lines());
    return fileOf(file, format);
  }

  private async isStillAdmin({ userId, sessionId }: Caller): Promise<boolean> {
    const caller = await this.sessions.callerNow(sessionId);
    return caller?.userId === userId && caller.role === 'ADMIN';
  }

  @Post()
  @HttpCode(200)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiOperation({ operationId: 'exportUsers', summary: 'Export chosen users', description: DESCRIPTION })
  @ApiOkResponse({
    content: FILES,
  })
  @ApiProblems('validation-failed')
  async export(
    @Body() { ids, format }: ExportUsersDto,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
  ): Promise<StreamableFile> {
    const viewer = rankOf(caller);
    // At one moment, before the answer begins: what fails is a problem, and no file that ends in the middle.
    const found = await this.transactions.read(caller.userId, (tx) => this.users.findAll(tx, ids));
    const byId = new Map(found.map((user) => [user.id, user]));
    const chosen = ids.flatMap((id) => byId.get(id.toLowerCase()) ?? []);
    const shown = chosen.filter((user) => user.erasedAt === null && allows(viewer, 'export', user));
    request.concerned = shown.map(({ id }) => id);
    const now = this.clock.now();
    const rows = shown.map((user) => UserResponse.from(user, now, viewer));
    return fileOf(Readable.from(linesOf(rows, format)), format);
  }
}

function fileOf(content: Readable, format: ExportFormat): StreamableFile {
  return new StreamableFile(content, {
    type: TYPES[format],
    disposition: `attachment; filename="users.${format}"`,
  });
}

/** The one that is named first. */
function formatFor(accept = ''): ExportFormat {
  const [csv, ndjson] = [accept.indexOf('text/csv'), accept.indexOf('application/x-ndjson')];
  return csv >= 0 && (ndjson < 0 || csv < ndjson) ? 'csv' : 'ndjson';
}

function* linesOf(rows: Iterable<UserResponse>, format: ExportFormat): Generator<string> {
  if (format === 'csv') yield header();
  for (const row of rows) yield lineOf(row, format);
}

const header = (): string => `${FIELDS.join(',')}\r\n`;

function lineOf(row: UserResponse, format: ExportFormat): string {
  const values = FIELDS.map((field) => row[field]);
  if (format === 'csv') return csvLine(values);
  return `${JSON.stringify(Object.fromEntries(FIELDS.map((field, place) => [field, values[place]])))}\n`;
}
