import { Template } from '@huggingface/jinja';
import { EngineError } from '../engine-error.ts';
import type { ChatMessage } from '../request/chat-message.ts';
import type { ToolDefinition } from '../request/tool-choice.ts';
import { hasMarks, markJson, markText } from './marked-text.ts';

export interface TemplateTokens {
  readonly bos: string;
  readonly eos: string;
}

/** A model's own chat template (Jinja, `tokenizer.chat_template` in GGUF). */
export class ChatTemplate {
  readonly source: string;
  readonly #template: Template;
  readonly #tokens: TemplateTokens;

  /** Throws `ENGINE_CONFIGURATION` when the template does not parse. */
  constructor(source: string, tokens: TemplateTokens) {
    this.source = source;
    this.#tokens = tokens;
    try {
      this.#template = new Template(source);
    } catch (cause) {
      throw new EngineError('ENGINE_CONFIGURATION', 'the chat template of the model does not parse', {
        cause,
      });
    }
  }

  /**
   * The prompt up to where the model answers, with all request texts marked (marked-text.ts).
   * Throws `ENGINE_REQUEST` when the template refuses the messages, for example for their order.
   */
  render(
    messages: readonly ChatMessage[],
    tools: readonly ToolDefinition[],
    addGenerationPrompt = true,
  ): string {
    try {
      return this.#template.render({
        messages: messages.map(markMessage),
        ...(tools.length === 0 ? {} : { tools: tools.map(markTool) }),
        add_generation_prompt: addGenerationPrompt,
        bos_token: this.#tokens.bos,
        eos_token: this.#tokens.eos,
      });
    } catch (cause) {
      const why = cause instanceof Error && !hasMarks(cause.message) ? cause.message : 'no reason given';
      throw new EngineError('ENGINE_REQUEST', `messages: the model's chat template refuses them: ${why}`, {
        details: { param: 'messages' },
      });
    }
  }
}

function markMessage(message: ChatMessage): Record<string, unknown> {
  return {
    role: message.role,
    content: markText(message.content),
    ...(message.name === undefined ? {} : { name: markText(message.name) }),
    ...(message.toolCallId === undefined ? {} : { tool_call_id: markText(message.toolCallId) }),
    ...(message.toolCalls === undefined
      ? {}
      : {
          tool_calls: message.toolCalls.map((call) => ({
            id: markText(call.id),
            type: 'function',
            function: { name: markText(call.name), arguments: markJson(call.arguments) },
          })),
        }),
  };
}

function markTool(tool: ToolDefinition): Record<string, unknown> {
  return {
    type: 'function',
    function: {
      name: markText(tool.name),
      ...(tool.description === undefined ? {} : { description: markText(tool.description) }),
      parameters: markJson(tool.parameters),
    },
  };
}
