"""kerasdl.callbacks"""
