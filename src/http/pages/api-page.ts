import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';

const PAGE_MARK = 'x-page';

/**
 * Declares that a route answers browsers with HTML pages, for errors too; every other route answers errors as problems to all
 * clients. In the document it appears as `x-page` and in prose, but not among the content types of the errors: generators would
 * type each error as a problem or a string.
 */
export const ApiPage = (): MethodDecorator =>
  applyDecorators(ApiExtension(PAGE_MARK, true), RouteConfig({ page: true }));

/** Whether an operation of the document is marked by `ApiPage`. */
export function hasPage(operation: object): boolean {
  return PAGE_MARK in operation;
}
