#!/usr/bin/env python3
"""Makes tiny random models of every architecture, as Hugging Face folders, and what transformers
computes with them: reference_models.py FOLDER [NAME...]

Needs torch and transformers (CPU). Seeded: the same versions make the same files. Each model is
FOLDER/NAME/ with reference.json in it: prompts, logits at every position of each, greedy ids. All
weights are exact in BF16, F16 and F32. Tests find the folder by BORED_MADE_MODELS, and compare
FOLDER/NAME/model.gguf as well, where llama.cpp's converter has made one. (Its files say nothing of
mistral's and qwen's windows, gemma's query_pre_attn_scalar and qwen3moe's norm_topk_prob: leave
them out for mistral, qwen2-window, gemma3-scalar, qwen3moe-raw and models that vary these. Nor do
they tell llama's activation and YaRN's mscale and truncate, and phi2's widths are not the model's:
llama-gelu, llama-gelu-tanh, llama-yarn-scales, llama-yarn-whole, phi2-grouped, phi2-quarter.)
"""
import json
import math
import pathlib
import sys

import torch
import transformers

COMMON = dict(
    vocab_size=264, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
    bos_token_id=256, eos_token_id=257, pad_token_id=None, tie_word_embeddings=False)


def rope(kind, **more):
    return dict(rope_type=kind, rope_theta=10000.0, **more)


def models():
    """Name -> (configuration class, fields beside COMMON)."""
    t = transformers
    llama = t.LlamaConfig
    yield "llama-plain", llama, dict(tie_word_embeddings=True)
    yield "llama-bias", llama, dict(attention_bias=True, mlp_bias=True)
    yield "llama-linear", llama, dict(rope_parameters=rope("linear", factor=4.0))
    yield "llama-llama3", llama, dict(rope_parameters=rope(
        "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64))
    yield "llama-yarn", llama, dict(rope_parameters=rope(
        "yarn", factor=4.0, original_max_position_embeddings=64))
    yield "llama-yarn-betas", llama, dict(rope_parameters=rope(
        "yarn", factor=8.0, original_max_position_embeddings=32, beta_fast=16.0, beta_slow=2.0,
        attention_factor=1.25))
    yield "qwen2", t.Qwen2Config, dict()
    yield "qwen2-window", t.Qwen2Config, dict(
        use_sliding_window=True, sliding_window=6, max_window_layers=1)
    yield "qwen3", t.Qwen3Config, dict(head_dim=32)
    yield "mistral", t.MistralConfig, dict(sliding_window=7, head_dim=24)
    yield "mistral-full", t.MistralConfig, dict(sliding_window=None)
    gemma = dict(
        head_dim=32, query_pre_attn_scalar=32, sliding_window=8, tie_word_embeddings=True)
    yield "gemma2", t.Gemma2Config, dict(
        gemma, attn_logit_softcapping=2.0, final_logit_softcapping=5.0, num_hidden_layers=4)
    yield "gemma3", t.Gemma3TextConfig, dict(gemma, num_hidden_layers=7)
    yield "gemma3-scalar", t.Gemma3TextConfig, dict(
        gemma, num_hidden_layers=7, query_pre_attn_scalar=24)
    yield "gemma3-linear", t.Gemma3TextConfig, dict(
        gemma, num_hidden_layers=7, rope_parameters={
            "full_attention": dict(rope_type="linear", factor=8.0, rope_theta=1e6),
            "sliding_attention": dict(rope_type="default", rope_theta=1e4)})
    yield "phi3", t.Phi3Config, dict(sliding_window=None)
    yield "phi3-window", t.Phi3Config, dict(sliding_window=9)
    half = 64 // 4 // 2
    long = dict(
        rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=32,
        short_factor=[1.0 + 0.05 * i for i in range(half)],
        long_factor=[1.5 + 0.5 * i for i in range(half)])
    yield "phi3-longrope", t.Phi3Config, dict(
        sliding_window=None, rope_parameters=long, original_max_position_embeddings=32)
    yield "mixtral", t.MixtralConfig, dict(
        num_local_experts=4, num_experts_per_tok=2, sliding_window=None)
    moe = dict(
        num_experts=6, num_experts_per_tok=2, moe_intermediate_size=40, head_dim=32,
        decoder_sparse_step=1, mlp_only_layers=[])
    yield "qwen3moe", t.Qwen3MoeConfig, dict(moe, norm_topk_prob=True)
    yield "qwen3moe-raw", t.Qwen3MoeConfig, dict(moe, norm_topk_prob=False)
    yield "phi2", t.PhiConfig, dict(
        num_key_value_heads=4, partial_rotary_factor=0.5, hidden_act="gelu_new",
        intermediate_size=256)
    yield "bert", t.BertConfig, dict(
        hidden_act="gelu", type_vocab_size=2, layer_norm_eps=1e-12)
    yield from variants(gemma, moe, long)


def variants(gemma, moe, long):
    """Fields that fewer models set. (A later one changes the seed of none before it.)"""
    t = transformers
    llama = t.LlamaConfig

    def yarn(**more):
        return dict(rope_parameters=rope(
            "yarn", factor=4.0, original_max_position_embeddings=64, **more))

    yield "qwen3-tied", t.Qwen3Config, dict(head_dim=32, tie_word_embeddings=True)
    yield "qwen3-bias", t.Qwen3Config, dict(head_dim=16, attention_bias=True)
    yield "qwen3-yarn", t.Qwen3Config, dict(yarn(), head_dim=32)
    yield "qwen2-yarn", t.Qwen2Config, yarn()
    yield "phi3-longrope-short", t.Phi3Config, dict(
        sliding_window=None, original_max_position_embeddings=64,
        rope_parameters=dict(long, original_max_position_embeddings=64))
    yield "phi3-partial", t.Phi3Config, dict(sliding_window=None, partial_rotary_factor=0.75)
    yield "phi3-tied", t.Phi3Config, dict(sliding_window=None, tie_word_embeddings=True)
    sliding, full = "sliding_attention", "full_attention"
    yield "gemma3-pattern", t.Gemma3TextConfig, dict(
        gemma, num_hidden_layers=6, layer_types=[sliding, full, full, sliding, sliding, full])
    yield "gemma3-one-head", t.Gemma3TextConfig, dict(
        gemma, num_hidden_layers=4, num_key_value_heads=1)
    yield "gemma3-untied", t.Gemma3TextConfig, dict(
        gemma, num_hidden_layers=4, tie_word_embeddings=False)
    yield "gemma2-scalar", t.Gemma2Config, dict(
        gemma, num_hidden_layers=4, query_pre_attn_scalar=20, attn_logit_softcapping=3.0,
        final_logit_softcapping=7.0)
    yield "gemma2-no-cap", t.Gemma2Config, dict(
        gemma, num_hidden_layers=4, attn_logit_softcapping=None, final_logit_softcapping=None)
    yield "gemma2-pattern", t.Gemma2Config, dict(
        gemma, num_hidden_layers=4, layer_types=[full, sliding, sliding, full])
    yield "mistral-wide-heads", t.MistralConfig, dict(
        sliding_window=9, head_dim=40, tie_word_embeddings=True)
    yield "llama-attention-bias", llama, dict(attention_bias=True)
    yield "llama-mlp-bias", llama, dict(mlp_bias=True)
    yield "llama-wide-heads", llama, dict(head_dim=24)
    yield "llama-one-head", llama, dict(num_key_value_heads=1)
    yield "llama-yarn-scales", llama, yarn(mscale=0.707, mscale_all_dim=1.0)
    yield "llama-yarn-factor", llama, yarn(attention_factor=0.9)
    yield "llama-yarn-whole", llama, yarn(truncate=False)
    yield "llama-gelu", llama, dict(hidden_act="gelu")
    yield "llama-gelu-tanh", llama, dict(hidden_act="gelu_pytorch_tanh")
    yield "mixtral-window", t.MixtralConfig, dict(
        num_local_experts=4, num_experts_per_tok=2, sliding_window=6)
    yield "qwen3moe-four", t.Qwen3MoeConfig, dict(
        moe, num_experts_per_tok=4, norm_topk_prob=False, tie_word_embeddings=True)
    yield "phi2-quarter", t.PhiConfig, dict(
        num_key_value_heads=4, partial_rotary_factor=0.25, hidden_act="gelu_new")
    yield "phi2-grouped", t.PhiConfig, dict(
        num_key_value_heads=2, partial_rotary_factor=0.5, hidden_act="gelu_new")
    yield "gemma3-images", with_images, dict(gemma, num_hidden_layers=7)
    yield "qwen3moe-dense", t.Qwen3MoeConfig, dict(
        moe, num_hidden_layers=4, mlp_only_layers=[2], norm_topk_prob=True)
    yield "qwen3moe-sparse", t.Qwen3MoeConfig, dict(
        moe, num_hidden_layers=5, decoder_sparse_step=2, norm_topk_prob=True)
    yield "qwen3moe-none", t.Qwen3MoeConfig, dict(moe, mlp_only_layers=[0, 1, 2])
    yield "phi2-norms", t.PhiConfig, dict(
        num_key_value_heads=2, partial_rotary_factor=0.5, hidden_act="gelu_new",
        qk_layernorm=True)
    table = dict(hidden_act="gelu", max_position_embeddings=258, layer_norm_eps=1e-5)
    yield "qwen3moe-window", t.Qwen3MoeConfig, dict(moe, use_sliding_window=True, sliding_window=6)
    yield "mixtral-usual", t.MixtralConfig, dict(num_local_experts=8, num_experts_per_tok=2)
    wide = dict(num_key_value_heads=4, num_hidden_layers=4)
    yield "gemma2-usual", t.Gemma2Config, dict(wide, tie_word_embeddings=True)
    yield "gemma3-usual", t.Gemma3TextConfig, dict(wide, tie_word_embeddings=True)
    yield "qwen3-usual", t.Qwen3Config, dict()
    yield "roberta", t.RobertaConfig, dict(table, type_vocab_size=1, pad_token_id=1)
    yield "xlm-roberta", t.XLMRobertaConfig, dict(table, type_vocab_size=1, pad_token_id=1)


def with_images(**fields):
    """A gemma 3 that reads images as well; what is as usual is left out of its part about text."""
    vision = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                  num_attention_heads=2, image_size=28, patch_size=14)
    return transformers.Gemma3Config(
        text_config=dict(fields, head_dim=256, num_key_value_heads=4), vision_config=vision,
        mm_tokens_per_image=4)


def leave_out_what_is_usual(path):
    """As the published files of gemma 3 have it."""
    config = json.loads(path.read_text())
    for key in ["head_dim", "num_key_value_heads", "rms_norm_eps", "hidden_activation",
                "layer_types", "rope_parameters"]:
        del config["text_config"][key]
    path.write_text(json.dumps(config))


def randomise(model, seed):
    """Weights that keep rows of about unit size, so that every part of the model shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in name.lower():
                zero = "gemma" in model.config.model_type or name.endswith("bias")
                value = (0.0 if zero else 1.0) + 0.25 * noise
            elif weight.dim() == 1:
                value = 0.25 * noise
            elif "embed" in name:
                value = noise
            else:
                value = noise * 1.5 / math.sqrt(weight.shape[-1])
            weight.copy_(value.to(torch.bfloat16).float())


def tokenizer():
    """256 bytes and two special pieces, with no merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    alphabet = bytes_to_unicode()
    vocabulary = {alphabet[byte]: byte for byte in range(256)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<s>", "</s>"])
    return made


def bytes_to_unicode():
    """GPT-2's alphabet: printable bytes stand for themselves, others for code points from 256."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable},
            **{byte: chr(256 + index) for index, byte in enumerate(others)}}


def decoder_reference(model, generator):
    cases = []
    for length in (6, 20, 48):
        ids = torch.randint(0, 256, (length,), generator=generator).tolist()
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()
        case = dict(ids=ids, logits=[[round(v, 6) for v in row] for row in logits.tolist()])
        if length == 6:
            greedy, margins = list(ids), []
            for _ in range(20):
                with torch.no_grad():
                    last = model(input_ids=torch.tensor([greedy]), use_cache=False).logits[0, -1]
                best = torch.topk(last, 2).values
                margins.append(float(best[0] - best[1]))
                greedy.append(int(last.argmax()))
            safe = next((i for i, m in enumerate(margins) if m < 0.02), len(margins))
            case.update(greedy=greedy[length:], safe_steps=safe)
        cases.append(case)
    return dict(cases=cases)


def encoder_reference(model, generator):
    cases = []
    for length in (3, 17):
        # Without the padding, which has no position of its own in RoBERTa.
        ids = torch.randint(4, 256, (length,), generator=generator).tolist()
        with torch.no_grad():
            rows = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        mean = rows.mean(0)
        cases.append(dict(ids=ids, embedding=(mean / mean.norm()).tolist()))
    return dict(cases=cases)


# Fields that files of these models leave out: each is what its configuration class has as usual.
LEFT_OUT = {
    "mixtral-usual": [
        "rms_norm_eps", "rope_parameters", "num_local_experts", "num_experts_per_tok",
        "hidden_act"],
    "gemma2-usual": [
        "head_dim", "query_pre_attn_scalar", "num_key_value_heads", "rms_norm_eps",
        "sliding_window", "attn_logit_softcapping", "final_logit_softcapping", "layer_types"],
    "gemma3-usual": [
        "head_dim", "query_pre_attn_scalar", "num_key_value_heads", "rms_norm_eps",
        "sliding_window", "rope_parameters", "layer_types"],
    "qwen3-usual": ["head_dim", "rms_norm_eps", "rope_parameters"],
}


def leave_out(path, keys):
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: config[key] for key in config if key not in keys}))


def make(folder, index, name, configuration, fields):
    config = configuration(**{**COMMON, **fields})
    config._attn_implementation = "eager"
    encoder = config.model_type in ("bert", "roberta", "xlm-roberta")
    kind = transformers.AutoModel if encoder else transformers.AutoModelForCausalLM
    model = kind.from_config(config, attn_implementation="eager").float().eval()
    randomise(model, 1_000 + index)
    generator = torch.Generator().manual_seed(7)
    reference = (encoder_reference if encoder else decoder_reference)(model, generator)
    target = folder / name
    model.to(torch.bfloat16).save_pretrained(target, safe_serialization=True)
    if configuration is with_images:
        leave_out_what_is_usual(target / "config.json")
    leave_out(target / "config.json", LEFT_OUT.get(name, []))
    tokenizer().save(str(target / "tokenizer.json"))
    reference["transformers"] = transformers.__version__
    (target / "reference.json").write_text(json.dumps(reference))
    print(name, "greedy" if not encoder else "", reference["cases"][0].get("safe_steps", ""))


def main():
    folder = pathlib.Path(sys.argv[1])
    for index, (name, configuration, fields) in enumerate(models()):
        if len(sys.argv) < 3 or name in sys.argv[2:]:
            make(folder, index, name, configuration, fields)


main()
