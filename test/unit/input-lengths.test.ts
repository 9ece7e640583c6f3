import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, Get, Module, Post, Query } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, NestFactory } from '@nestjs/core';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { refuseUnboundedInput } from '../../src/http/request/declared-lengths.js';
import { boundsOf, tooLong, UnboundedInput } from '../../src/http/request/input-lengths.js';
import { ValidationFailed, validationPipe } from '../../src/http/request/validation.js';

class Inner {
  @ApiProperty({ maxLength: 2 }) readonly code: string;
}
class Order {
  @ApiProperty({ maxLength: 5 }) readonly name: string;
  @ApiProperty({ enum: ['small', 'large'] }) readonly size: string;
  @ApiProperty() readonly count: number;
  @ApiProperty({ type: [String], maxLength: 3, maxItems: 2 }) readonly marks: string[];
  @ApiProperty({ type: Inner }) readonly inner: Inner;
}
class LaterOrder extends Order {
  @ApiProperty({ maxLength: 1 }) readonly more: string;
}

const paths = (input: unknown, declared: new () => object = LaterOrder) =>
  tooLong(input, declared).map(({ path }) => path);

describe('what is longer than the API document says', () => {
  it('is found in fields, lists and objects within, inherited ones too', () => {
    const input = {
      name: '123456',
      size: 'larger',
      count: '1'.repeat(65),
      marks: ['123', '1234'],
      inner: { code: '123' },
      more: '12',
    };
    expect(paths(input).sort()).toEqual(['count', 'inner.code', 'marks.1', 'more', 'name', 'size']);
    expect(paths({ marks: ['1', '2', '3'] })).toEqual(['marks']);
  });

  it('is counted in characters as JSON Schema has them', () => {
    expect(paths({ name: '😀😀😀😀😀' })).toEqual([]);
    expect(paths({ name: '😀😀😀😀😀😀' })).toEqual(['name']);
    expect(paths({ name: 'e\u0301e\u0301e\u0301' })).toEqual(['name']);
  });

  it('is nothing of another shape than declared, which the rules refuse', () => {
    for (const input of [
      undefined,
      null,
      7,
      'x'.repeat(60_000),
      [],
      { name: ['123456'], marks: 'abc', inner: 7 },
      { name: { length: 9 } },
    ]) {
      expect(paths(input)).toEqual([]);
    }
    expect(paths({ marks: 'abcd' })).toEqual(['marks']);
  });

  it('is refused before a rule or a transformation sees it', async () => {
    const seen = jest.fn(() => true);
    class Watched {
      @ApiProperty({ maxLength: 5 })
      @Transform(({ value }: { value: unknown }) => (seen(), value))
      @ValidateBy({ name: 'watch', validator: { validate: seen } })
      readonly name: string;
    }
    const transform = (name: string) => validationPipe().transform({ name }, { type: 'body', metatype: Watched });
    await expect(transform('x'.repeat(6))).rejects.toThrow(ValidationFailed);
    expect(seen).not.toHaveBeenCalled();
    await transform('x'.repeat(5));
    expect(seen).toHaveBeenCalled();
  });
});

describe('a declaration without a greatest length', () => {
  class Free {
    @ApiProperty() readonly name: string;
  }
  class FreeList {
    @ApiProperty({ type: [String], maxLength: 3 }) readonly names: string[];
  }
  class FreeWithin {
    @ApiProperty({ type: Free }) readonly inner: Free;
  }

  it.each([Free, FreeList, FreeWithin])('is an error: %p', (declared) => {
    expect(() => boundsOf(declared)).toThrow(UnboundedInput);
  });

  it('stops the start, with the names of the routes', async () => {
    @Controller()
    class Good {
      @Post() post(@Body() _body: LaterOrder, @Query() _query: Inner): void {}
    }
    @Controller()
    class Bad {
      @Get('one') one(@Query() _query: Free): void {}
      @Get('two') two(@Query('name') _name: string): void {}
      @Post('three') three(@Body() _body: object): void {}
    }
    const check = async (controllers: (new () => object)[]): Promise<string | undefined> => {
      @Module({ imports: [DiscoveryModule], controllers })
      class Root {}
      const app = await NestFactory.createApplicationContext(Root, { logger: false });
      try {
        refuseUnboundedInput(app.get(DiscoveryService), new MetadataScanner());
        return undefined;
      } catch (error) {
        return (error as Error).message;
      } finally {
        await app.close();
      }
    };
    expect(await check([Good])).toBeUndefined();
    const message = await check([Good, Bad]);
    expect(message).toMatch(/Bad\.one: Free\.name takes a text without maxLength/);
    expect(message).toMatch(/Bad\.two: takes its body or query without a class/);
    expect(message).toMatch(/Bad\.three: takes its body or query without a class/);
    expect(message).not.toMatch(/Good/);
  });
});
