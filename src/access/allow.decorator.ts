import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiResponse } from '@nestjs/swagger';
import type { Role } from './role.js';

export const ALLOW_METADATA = 'roster:least-role';

/**
 * Declares the least role that may call a route, for the guard and for the API document alike.
 * A route without it stops the server at start.
 */
export function Allow(role: Role): MethodDecorator {
  if (role === 'ANONYMOUS') return SetMetadata(ALLOW_METADATA, role);
  const decorators = [
    SetMetadata(ALLOW_METADATA, role),
    ApiBearerAuth(),
    ApiResponse({ status: 401, description: '`not-authenticated`: no access token, or one that is no longer good' }),
  ];
  if (role !== 'AUTHENTICATED') {
    decorators.push(ApiResponse({ status: 403, description: `\`forbidden\`: asks for ${role} or more` }));
  }
  return applyDecorators(...decorators);
}
