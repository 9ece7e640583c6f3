import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeEndpoint, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import type { Role } from '../../access/role.js';

export const HOSTED_METADATA = 'roster:hosted-page';

/**
 * Declares a route of the hosted pages: for people with a browser alone, and no part of the API or its document. Every answer is a
 * page or a redirect, whatever the request accepts. A form has to come from a page of ours (`HostedPagesModule`).
 * @param role visitors with less are led to `/sign-in` and back
 */
export const HostedPage = (role: Extract<Role, 'ANONYMOUS' | 'AUTHENTICATED'>): MethodDecorator =>
  applyDecorators(
    Allow(role),
    HttpCode(200),
    SetMetadata(HOSTED_METADATA, true),
    RouteConfig({ page: true, hosted: true }),
    ApiExcludeEndpoint(),
  );

/** Whether the route of this request is declared by `HostedPage`. */
export function isHostedPage({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): boolean {
  return (routeOptions.config as { hosted?: boolean }).hosted === true;
}

/**
 * Property of a form's DTO: text that the page itself checks, so that a refusal comes with the form and not in its place. A
 * checkbox is one as well: present if ticked.
 */
export const FormField = (maxLength: number): PropertyDecorator =>
  applyDecorators(ApiPropertyOptional({ type: String, maxLength }), IsOptional(), IsString());

/** The length of `continue` in a form. */
export const CONTINUE_LENGTH = 2000;

/** The fields of a form that are filled in: an empty text field of HTML is one that was left out. */
export function filledIn<Form extends object>(form: Form): Partial<Form> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== '')) as Partial<Form>;
}
