import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Allow } from '../access/allow.decorator.js';
import { Pages } from './pages.js';

/** What the pages load. */
@ApiExcludeController()
@Controller('assets')
export class AssetsController {
  private readonly css: string;

  constructor(pages: Pages) {
    this.css = pages.stylesheet();
  }

  @Get('pages.css')
  @Allow('ANONYMOUS')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  stylesheet(): string {
    return this.css;
  }
}
