import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** OpenAPI for people at `/api/docs`, for programs at `/api/docs-json`. */
export function serveDocumentation(app: INestApplication): void {
  const outline = new DocumentBuilder()
    .setTitle('Mobius workspace API')
    .setDescription('Workspaces of offices that prepare Spanish residence paperwork, served through the Mobius cache.')
    .setVersion('1')
    .build();
  SwaggerModule.setup('api/docs', app, () => SwaggerModule.createDocument(app, outline), {
    customSiteTitle: 'Mobius workspace API',
  });
}
