"""shape -> network"""
