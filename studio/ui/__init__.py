"""The page: its frame, its theme, its named endpoints; nothing here holds a tensor."""
