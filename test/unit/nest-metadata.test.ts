import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { isBodyOptional, parametersOf, routeOf } from '../../src/access/nest-metadata.js';

class Input {
  readonly name: string;
}

@Controller('/things/')
class Things {
  @Get(':id')
  get(@Param('id') id: string, @Query('size') size: string): string {
    return id + size;
  }

  @Post()
  @ApiBody({ type: Input, required: false })
  post(@Body() input: Input, @Query() query: Input): string {
    return input.name + query.name;
  }

  @Patch('/:id/name')
  patch(@Body() input: Input): string {
    return this.helper(input);
  }

  helper({ name }: Input): string {
    return name;
  }
}

const { prototype } = Things;
const { get, post, patch, helper } = prototype;

describe('What Nest keeps about routes', () => {
  it('tells method and path of a route, and nothing of a method that is none', () => {
    expect(routeOf(Things, get)).toEqual({ method: 'GET', path: '/things/:id' });
    expect(routeOf(Things, post)).toEqual({ method: 'POST', path: '/things' });
    expect(routeOf(Things, patch)).toEqual({ method: 'PATCH', path: '/things/:id/name' });
    expect(routeOf(Things, helper)).toBeUndefined();
  });

  it('tells what each parameter takes of the request', () => {
    expect(parametersOf(Things, 'get')).toEqual(
      expect.arrayContaining([
        { from: 'other', key: 'id', type: String },
        { from: 'query', key: 'size', type: String },
      ]),
    );
    expect(parametersOf(Things, 'post')).toEqual(
      expect.arrayContaining([
        { from: 'body', key: undefined, type: Input },
        { from: 'query', key: undefined, type: Input },
      ]),
    );
    expect(parametersOf(Things, 'helper')).toEqual([]);
  });

  it('tells whether a body may be left out', () => {
    expect(isBodyOptional(post)).toBe(true);
    expect(isBodyOptional(patch)).toBe(false);
  });
});
