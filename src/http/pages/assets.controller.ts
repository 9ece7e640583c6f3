import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { Pages } from './pages.js';

/** Style sheet, script and images of the pages. */
@ApiExcludeController()
@Controller('assets')
export class AssetsController {
  private readonly css: string;
  private readonly svg: string;
  private readonly js: string;

  constructor(pages: Pages) {
    this.css = pages.stylesheet();
    this.svg = pages.icon();
    this.js = pages.script();
  }

  @Get('pages.css')
  @Allow('ANONYMOUS')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  stylesheet(): string {
    return this.css;
  }

  @Get('pages.js')
  @Allow('ANONYMOUS')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  script(): string {
    return this.js;
  }

  @Get('icon.svg')
  @Allow('ANONYMOUS')
  @Header('content-type', 'image/svg+xml')
  @Header('cache-control', 'public, max-age=3600')
  icon(): string {
    return this.svg;
  }
}
