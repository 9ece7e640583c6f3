import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import type { Role } from './role.js';

export const ALLOW_METADATA = 'roster:least-role';

/**
 * Declares the least role that may call a route, for the guard and for the API document alike.
 * A route without it stops the server at start.
 */
export function Allow(role: Role): MethodDecorator {
  const declared = [SetMetadata(ALLOW_METADATA, role), ApiExtension('x-least-role', role)];
  if (role === 'ANONYMOUS') return applyDecorators(...declared);
  const problems =
    role === 'AUTHENTICATED' ? ApiProblems('not-authenticated') : ApiProblems('not-authenticated', 'forbidden');
  return applyDecorators(...declared, ApiBearerAuth(), problems);
}
