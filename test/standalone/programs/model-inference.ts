// Answers of a model: asked once, kept for an hour, private to a workspace.
import { closeCache, modelCache } from '@mobius1/cache/standalone';
import { initialize } from '../connect.js';
import { getRedisClient } from '@mobius1/cache/standalone';
import { logger, say } from '../say.js';

let inferences = 0;
const runtime = {
  async executeInference(modelId: string, input: string): Promise<string> {
    inferences++;
    return `${modelId} answers "${input}"`;
  },
};
const runInference = (modelId: string, input: string) => runtime.executeInference(modelId, input);

async function ask(modelId: string, input: string, workspaceId: string): Promise<string> {
  // Check cache before inference
  const cached = await modelCache.get<string>(modelId, input, workspaceId);
  if (cached) {
    return cached.output;
  }

  // Run inference
  const output = await runInference(modelId, input);

  // Cache result
  await modelCache.set(modelId, input, output, workspaceId, {
    tokens: 150,
    latencyMs: 1500,
    confidence: 0.95,
  });
  return output;
}

async function generateResponse(modelId: string, input: string, workspaceId: string): Promise<string> {
  // Check cache
  const cached = await modelCache.get<string>(modelId, input, workspaceId);
  if (cached) {
    logger.info('Model cache hit', { modelId, workspaceId });
    return cached.output;
  }

  // Run inference
  const startTime = Date.now();
  const output = await runtime.executeInference(modelId, input);
  const latencyMs = Date.now() - startTime;

  // Cache result
  await modelCache.set(modelId, input, output, workspaceId, {
    tokens: output.length / 4, // Rough estimate
    latencyMs,
    confidence: 0.95,
  });

  return output;
}

async function main() {
  initialize();
  await getRedisClient().connect();

  // Configure
  modelCache.configure({
    enabled: true,
    ttl: 3600, // 1 hour
    maxInputLength: 10000,
    minConfidence: 0.8,
    secret: 'the secret of this program',
  });

  const output = await ask('llama-3-8b', 'What is the NIE?', 'w1');
  say('asked twice', { same: (await ask('llama-3-8b', 'What is the NIE?', 'w1')) === output, inferences });
  await generateResponse('llama-3-8b', 'What is the NIE?', 'w1');
  await generateResponse('llama-3-8b', 'What is the NIE?', 'w2');
  say('another workspace', { inferences });

  const commonQueries = [
    { input: '¿Qué es el NIE?', output: 'El NIE es...' },
    { input: '¿Cómo solicitar el TIE?', output: 'Para solicitar...' },
  ];
  const warm = await modelCache.warmUp(
    commonQueries.map((q) => ({
      modelId: 'llama-3-8b',
      input: q.input,
      output: q.output,
      workspaceId: 'default',
      metadata: { tokens: 50, latencyMs: 0 },
    })),
  );
  say('warm', { ...warm, output: (await modelCache.get('llama-3-8b', '¿Qué es el NIE?', 'default'))?.output });

  const [modelId, workspaceId] = ['llama-3-8b', 'w1'];
  // Invalidate specific model
  await modelCache.invalidateModel(modelId, workspaceId);
  await ask('llama-3-8b', 'What is the NIE?', 'w1');
  await ask('llama-3-8b', 'What is the NIE?', 'w2');
  say('invalidated in one workspace', { inferences });
  // Invalidate all models for workspace
  await modelCache.invalidateWorkspace('w2');
  await ask('llama-3-8b', 'What is the NIE?', 'w2');
  say('invalidated the other', { inferences, tokensAvoided: modelCache.getStats().tokensAvoided > 150 });
  await closeCache();
}

void main();
