import { VerifyError } from './errors.js';
import type { Role, RosterUser } from './user.js';
import type { Verifier } from './verifier.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how requests of Express are extended
  namespace Express {
    interface Request {
      /** Whose token the request has; set by `allow`. */
      roster?: RosterUser;
    }
  }
}

interface Request {
  readonly headers: { readonly authorization?: string | undefined };
  roster?: RosterUser;
}

interface Response {
  status(code: number): unknown;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** Middleware of Express: lets users in that have one of these roles or a higher one, every user for none, and sets `request.roster`. */
export function allow(verifier: Verifier, ...roles: Role[]) {
  return async (request: Request, response: Response, next: (error?: unknown) => void): Promise<void> => {
    try {
      request.roster = await verifier.authorize(request.headers.authorization, roles);
    } catch (error) {
      if (!(error instanceof VerifyError)) {
        next(error);
        return;
      }
      response.status(error.status);
      for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
      response.setHeader('content-type', 'application/problem+json; charset=utf-8');
      response.end(JSON.stringify(error.problem()));
      return;
    }
    next();
  };
}
