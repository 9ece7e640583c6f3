import { describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { type DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Allow } from '../../src/access/allow.decorator.js';
import { type DeclaredRoute, declaredRoutes, refuseUndeclaredRoutes } from '../../src/access/declared-roles.js';
import { includesRole, ROLES, USER_ROLES } from '../../src/access/role.js';

describe('roles', () => {
  it('include each the ones before it and none after it (ASVS 5.0 V8.2.1)', () => {
    const table = ROLES.map((actual) => ROLES.filter((required) => includesRole(actual, required)));
    expect(table).toEqual([
      ['ANONYMOUS'],
      ['ANONYMOUS', 'AUTHENTICATED'],
      ['ANONYMOUS', 'AUTHENTICATED', 'MANAGER'],
      ['ANONYMOUS', 'AUTHENTICATED', 'MANAGER', 'ADMIN'],
    ]);
  });

  it('that are none include nothing above ANONYMOUS', () => {
    for (const forged of ['', 'admin', 'ROOT', 'toString', undefined, null]) {
      for (const required of USER_ROLES) expect(includesRole(forged as never, required)).toBe(false);
    }
  });

  it('of a user are all but ANONYMOUS', () => {
    expect(['ANONYMOUS', ...USER_ROLES]).toEqual([...ROLES]);
  });
});

class Base {
  @Get('inherited')
  inherited(): void {
    // Only its metadata counts.
  }
}

@Controller('things')
class ThingsController extends Base {
  @Get()
  @Allow('AUTHENTICATED')
  list(): void {
    this.helper();
  }

  @Post(':id/close/')
  @Allow('ADMIN')
  close(): void {
    this.helper();
  }

  @Delete(['gone', 'lost'])
  forgotten(): void {
    this.helper();
  }

  helper(): void {
    // Not a route.
  }
}

@Controller()
class HomeController {
  @Get()
  @Allow('ANONYMOUS')
  home(): void {
    // Only its metadata counts.
  }
}

function routesOf(...controllers: (new () => object)[]): DeclaredRoute[] {
  const wrappers = controllers.map((metatype) => ({ metatype, instance: new metatype() }));
  const discovery = { getControllers: () => [...wrappers, { metatype: null, instance: null }] };
  return declaredRoutes(discovery as unknown as DiscoveryService, new MetadataScanner());
}

describe('routes and their roles (deny by default, ASVS 5.0 V8.2.1)', () => {
  it('are all found, with method, path, role and handler, also inherited ones', () => {
    const routes = routesOf(ThingsController, HomeController);
    expect(new Set(routes)).toEqual(
      new Set([
        { method: 'GET', path: '/things', role: 'AUTHENTICATED', handler: 'ThingsController.list' },
        { method: 'POST', path: '/things/:id/close', role: 'ADMIN', handler: 'ThingsController.close' },
        { method: 'DELETE', path: '/things/gone', role: undefined, handler: 'ThingsController.forgotten' },
        { method: 'GET', path: '/things/inherited', role: undefined, handler: 'ThingsController.inherited' },
        { method: 'GET', path: '/', role: 'ANONYMOUS', handler: 'HomeController.home' },
      ]),
    );
  });

  it('stop the server when one declares none, and the message names each of them', () => {
    const refuse = () => refuseUndeclaredRoutes(routesOf(ThingsController, HomeController));
    expect(refuse).toThrow('DELETE /things/gone (ThingsController.forgotten)');
    expect(refuse).toThrow('GET /things/inherited (ThingsController.inherited)');
    expect(refuse).not.toThrow('ThingsController.list');
  });

  it('let the server start when all do', () => {
    expect(() => refuseUndeclaredRoutes(routesOf(HomeController))).not.toThrow();
    expect(() => refuseUndeclaredRoutes([])).not.toThrow();
  });
});
