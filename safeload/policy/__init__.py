"""The only place where evidence meets judgement."""
