import { Injectable, type OnModuleInit, SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { RequestContext } from '../../access/caller.js';
import { asHandlerRefusal } from '../../events/event-errors.js';
import { type DecoratedMethod, findDecoratedMethods } from '../../events/decorated-methods.js';
import type { RegisterDto } from './register.dto.js';

const BEFORE_METADATA = 'roster:before-registration';

/** A registration request and its origin; without the password. */
export interface RegistrationRequest {
  readonly email: string;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly nickname: string | null;
  readonly locale: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/**
 * Calls this provider's method with a `RegistrationRequest` for every public registration, before anything else and whether or not
 * the address is taken, so that a refusal reveals nothing. Throwing refuses it: 409 `refused-by-handler` with the message, or the
 * problem that is thrown. Not called for users created by admins.
 */
export function BeforeRegistration(): MethodDecorator {
  return SetMetadata(BEFORE_METADATA, true);
}

/** Finds every `@BeforeRegistration` method of the application and calls them in the order of the modules. */
@Injectable()
export class RegistrationHandlers implements OnModuleInit {
  private readonly handlers: DecoratedMethod<true>[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    this.addFrom(this.discovery);
  }

  /** Adds handlers of the host application's providers, before this one has started. */
  addFrom(discovery: DiscoveryService): void {
    this.handlers.push(...findDecoratedMethods<true>(discovery, BEFORE_METADATA));
  }

  /** @throws RefusedByHandler with the message of the first handler that refuses, or the problem that it throws itself */
  async callWith(input: Omit<RegisterDto, 'password'>, { ip, userAgent }: RequestContext): Promise<void> {
    const { email, username, firstName, lastName, nickname, locale } = input;
    const request: RegistrationRequest = Object.freeze({
      email,
      username: username ?? null,
      firstName: firstName ?? null,
      lastName: lastName ?? null,
      nickname: nickname ?? null,
      locale: locale ?? null,
      ip,
      userAgent,
    });
    for (const { call } of this.handlers) {
      try {
        await call(request);
      } catch (error) {
        throw asHandlerRefusal(error);
      }
    }
  }
}
