"""The trust list: who may issue what and who may ask for what, by the authority's word alone.

``model`` says what the list holds and answers questions, ``reading`` loads the verified copy on
disk, ``registration`` is what one verifier shows a wallet. What is *not* here: fetching
(healthpassport.refresh) and publishing (authority).
"""
