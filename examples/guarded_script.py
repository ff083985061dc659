"""One import guards every load of a script."""

from __future__ import annotations

import safeload.auto  # noqa: F401  (first, so that nothing is loaded before it)

from transformers import AutoModelForSequenceClassification, AutoTokenizer  # isort: skip


def main() -> None:
    model = AutoModelForSequenceClassification.from_pretrained("acme/tiny-bert")
    tokenizer = AutoTokenizer.from_pretrained("acme/tiny-bert")
    scores = model(**tokenizer("a very good film", return_tensors="pt")).logits.softmax(-1)[0].tolist()
    for number, score in enumerate(scores):
        print(f"{model.config.id2label[number]}: {score:.2f}")


if __name__ == "__main__":
    main()
