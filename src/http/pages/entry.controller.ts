import { Controller, Get, Req } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from '../../access/authentication.js';
import { Allow } from '../../access/allow.decorator.js';
import { Reply } from '../request/reply.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiPage } from './api-page.js';
import { IgnoreOtherQuery } from '../request/declared-input.js';
import { apiHeaders } from '../openapi/api-answers.js';
import { HostedPages } from './hosted-pages.js';
import { Pages, wantsPage } from './pages.js';

class EntryLink {
  @ApiProperty({ format: 'uri-reference', example: '/auth/login' })
  readonly href: string;

  @ApiPropertyOptional({ example: 'POST', description: 'GET if absent' })
  readonly method?: string;
}

@ApiExtraModels(EntryLink)
class Entry {
  @ApiProperty({ example: 'Roster', description: '`PRODUCT_NAME`' })
  readonly name: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(EntryLink) },
    example: { login: { href: '/auth/login', method: 'POST' }, methods: { href: '/auth/methods' } },
    description: 'links to further resources; GET unless a `method` is given. `docs` and `openapi` only if enabled',
  })
  readonly _links: Readonly<Record<string, EntryLink>>;
}

/** The root of `PUBLIC_URL`: an entry point for people and programs. */
@ApiTags('Operations')
@Controller()
export class EntryController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly pages: Pages,
    private readonly hosted: HostedPages,
    private readonly authentication: Authentication,
  ) {}

  @Get()
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery()
  @ApiOperation({
    operationId: 'getEntry',
    summary: 'Entry point',
    description:
      'A browser is led to the page of its account, or to that for signing in; with `HOSTED_PAGES=false` it gets an HTML page.',
  })
  @ApiPage()
  @ApiOkResponse({ type: Entry })
  @ApiResponse({ status: 303, description: 'to a page, for a browser', headers: apiHeaders('Location') })
  async show(@Req() request: FastifyRequest, @Reply() reply: FastifyReply): Promise<Entry | string | undefined> {
    const { PRODUCT_NAME, DOCS_ENABLED, HOSTED_PAGES } = this.settings;
    if (wantsPage(request) && HOSTED_PAGES) {
      const isSignedIn = (await this.authentication.callerOf(request)) !== undefined;
      this.hosted.redirect(reply, isSignedIn ? '/account' : '/sign-in');
      return undefined;
    }
    if (wantsPage(request)) return this.pages.render(reply, 'entry', { docsPath: DOCS_ENABLED ? '/docs' : null });
    return {
      name: PRODUCT_NAME,
      _links: {
        self: { href: '/' },
        register: { href: '/auth/register', method: 'POST' },
        login: { href: '/auth/login', method: 'POST' },
        methods: { href: '/auth/methods' },
        me: { href: '/users/me' },
        jwks: { href: '/.well-known/jwks.json' },
        health: { href: '/health/ready' },
        ...(DOCS_ENABLED && { docs: { href: '/docs' }, openapi: { href: '/docs-json' } }),
      },
    };
  }
}
