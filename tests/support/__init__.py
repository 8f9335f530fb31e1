"""What the tests share: each helper once, by what it stands for."""
