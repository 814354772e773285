def to_text(doc): return doc["label"]
def to_target(doc): return doc["rest"]
def to_choice(doc): return doc["prompts"]
