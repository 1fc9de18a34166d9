/**
 * Jinja template of the tiny model: ChatML turns; tools are listed in the system turn and called as
 * `<tool_call>` JSON; results come back in a user turn. `renderChat` gives the same text for training.
 */
export const chatTemplate: string = [
  "{%- if tools %}{{- '<|im_start|>system\\n' }}",
  "{%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] + '\\n\\n' }}{%- endif %}",
  "{{- 'Tools:\\n' }}",
  "{%- for tool in tools %}{{- (tool['function'] if tool['function'] else tool) | tojson }}{{- '\\n' }}{%- endfor %}",
  '{{- \'Call a tool with <tool_call>{"name": ..., "arguments": ...}</tool_call>.<|im_end|>\\n\' }}',
  "{%- elif messages[0]['role'] == 'system' %}",
  "{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}{%- endif %}",
  '{%- for message in messages %}',
  "{%- if message['role'] == 'system' %}",
  "{%- if not loop.first %}{{- '<|im_start|>system\\n' + message['content'] + '<|im_end|>\\n' }}{%- endif %}",
  "{%- elif message['role'] == 'tool' %}",
  "{{- '<|im_start|>user\\n<tool_response>' + message['content'] + '</tool_response><|im_end|>\\n' }}",
  '{%- else %}',
  "{{- '<|im_start|>' + message['role'] + '\\n' }}",
  "{%- if message['content'] %}{{- message['content'] }}{%- endif %}",
  "{%- if message['tool_calls'] %}{%- for call in message['tool_calls'] %}",
  "{%- set function = call['function'] if call['function'] else call %}",
  '{{- \'<tool_call>{"name": "\' + function[\'name\'] + \'", "arguments": \' }}',
  "{%- if function['arguments'] is string %}{{- function['arguments'] }}",
  "{%- else %}{{- function['arguments'] | tojson }}{%- endif %}",
  "{{- '}</tool_call>' }}{%- endfor %}{%- endif %}",
  "{{- '<|im_end|>\\n' }}",
  '{%- endif %}',
  '{%- endfor %}',
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}",
].join('');
